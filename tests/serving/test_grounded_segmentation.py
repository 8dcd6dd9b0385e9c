"""Florence-2 and SAM 2 of the real classes, tiny or with random weights, loaded as the real ones are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import transformers
from PIL import Image, ImageDraw
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.search.factory import build_segmenter
from lookmatch_serving.search.models.look import Box
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.vectorisation.grounded_segmentation import GroundedSegmenter, largest_box, load_sam2
from lookmatch_serving.search.vectorisation.segmentation import EmbeddedSegmenter

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SIDE = 64


def tiny_tokenizer() -> transformers.PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["locate the phrases in the caption: men's shirt"], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>", mask_token="<mask>"
    )
    fast.add_special_tokens({"additional_special_tokens": ["<image>", *(f"<loc_{i}>" for i in range(1000))]})
    fast.image_token, fast.image_token_id = "<image>", fast.convert_tokens_to_ids("<image>")
    return fast


def tiny_florence(folder: Path) -> tuple[transformers.Florence2ForConditionalGeneration, transformers.Florence2Processor]:
    torch.manual_seed(1)
    tokenizer = tiny_tokenizer()
    images = transformers.CLIPImageProcessor(size={"height": SIDE, "width": SIDE}, do_center_crop=False)
    images.image_seq_length = 5  # 2 x 2 patches and their mean
    grounding = {"phrase_grounding": {"banned_grounding_tokens": []}}
    processor = transformers.Florence2Processor(image_processor=images, tokenizer=tokenizer, post_processor_config=grounding)
    vision = {"embed_dim": [16] * 4, "depths": [1] * 4, "num_heads": [2] * 4, "num_groups": [2] * 4, "window_size": 2}
    text = {
        "model_type": "bart", "vocab_size": len(tokenizer), "d_model": 32, "encoder_layers": 1, "decoder_layers": 1,
        "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
        "max_position_embeddings": 512, "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2,
    }  # fmt: skip
    config = transformers.Florence2Config(
        text_config=text, vision_config={**vision, "projection_dim": 32}, image_token_id=tokenizer.image_token_id
    )
    model = transformers.Florence2ForConditionalGeneration(config).eval()
    model.save_pretrained(folder)
    return model, processor


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> GroundedSegmenter:
    folder = tmp_path_factory.mktemp("florence")
    _, processor = tiny_florence(folder)
    model = transformers.Florence2ForConditionalGeneration.from_pretrained(folder).eval()
    return GroundedSegmenter(model, processor, load_sam2(None))


def picture() -> Image.Image:
    look = Image.new("RGB", (96, 160), (230, 225, 220))
    ImageDraw.Draw(look).rectangle((20, 20, 70, 80), fill=(20, 60, 160))
    return look


def test_a_layer_that_florence_does_not_find_is_cut_at_the_box_of_its_query(segmenter):
    box = Box(x0=0.2, y0=0.1, x1=0.8, y1=0.5)
    queries = [
        LayerQuery(layer="inner_topwear", query="Men's blue shirt.", box=box),
        LayerQuery(layer="footwear", query="Men's shoes.", box=None),
    ]
    pieces = segmenter.segment(picture(), queries)
    assert "inner_topwear" in pieces
    assert pieces["inner_topwear"].width == pieces["inner_topwear"].height


def test_what_florence_answers_is_read_as_a_box(segmenter, monkeypatch):
    said = "</s><s>men's shirt<loc_200><loc_125><loc_730><loc_500></s>"
    monkeypatch.setattr(segmenter._processor, "batch_decode", lambda *a, **k: [said])
    box = segmenter._grounded(picture(), "men's shirt")
    assert box is not None
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((0.2, 0.125, 0.73, 0.5), abs=0.01)


def test_sam2_and_dagster_share_one_antlr(segmenter):
    from dagster import AssetSelection

    assert "embeddings" in str(AssetSelection.from_string('key:"embeddings"'))


def test_the_largest_sound_box_counts():
    assert largest_box([(0, 0, 10, 10), (5, 5, 95, 50), (90, 90, 80, 80)], (100, 100)) == Box(x0=0.05, y0=0.05, x1=0.95, y1=0.5)
    assert largest_box([(9, 9, 9, 30)], (100, 100)) is None


def test_settings_name_the_segmenter_and_missing_weights_are_named(settings, tmp_path):
    assert isinstance(build_segmenter(settings), EmbeddedSegmenter)
    absent = build_segmenter(settings.model_copy(update={"segmenter": "florence-sam2"}))
    with pytest.raises(ConfigurationError, match="Florence-2 and SAM 2 are not on disk: run `lookmatch models pull"):
        absent.segment(picture(), [])
    with pytest.raises(ConfigurationError, match="no file"):
        load_sam2(tmp_path / "missing.pt")
    with pytest.raises(ConfigurationError, match="weights cannot be loaded"):
        GroundedSegmenter.load(str(tmp_path), None)
