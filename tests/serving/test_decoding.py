"""Pictures as the world sends them: every one becomes an upright sRGB picture, or is refused with what is accepted."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from lookmatch_serving.encoders.registry import load_encoder
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.picture_colours import ColourConversion
from lookmatch_serving.picture_memory import DecodingRoom, PicturesWaitError
from lookmatch_serving.pictures import LONGEST_SIDE, MOST_SLENDER, check_picture, decode_picture
from tests.serving import decoding_peak
from tests.serving.picture_files import blank_sixteen_bit_png, heic, sixteen_bit_png

CASES = Path(__file__).parent / "cases" / "pictures"
BLUE, RED, GREY, BLACK = (30, 60, 160), (200, 30, 30), (62, 62, 62), (0, 0, 0)
CENTRES = {
    "animated.png": RED, "animated.webp": RED, "cmyk.jpg": BLUE, "exif-1.jpg": BLUE, "exif-3.jpg": BLUE, "exif-6.jpg": BLUE,
    "exif-6.png": BLUE, "exif-6.webp": BLUE, "exif-8.jpg": BLUE, "exif-9-invalid.jpg": BLUE, "grey-alpha.png": GREY,
    "grey.jpg": GREY, "grey16.png": GREY, "mpo.jpg": BLUE, "one-bit.png": BLACK, "photo.avif": BLUE, "png-named.jpg": GREY,
    "progressive.jpg": BLUE, "srgb.jpg": BLUE, "trailing-bytes.jpg": BLUE, "transparent-black-under.png": BLUE,
    "transparent-palette.png": BLUE, "transparent.webp": BLUE, "trns-colour-key.png": BLUE,
}  # fmt: skip
REFUSED = ("animated.gif", "html-instead.jpg", "svg.svg", "tiny15.png", "truncated.jpg")


@pytest.mark.parametrize("name", CENTRES)
def test_a_picture_of_any_kind_has_its_colours_and_stands_upright_on_white(name):
    decoded = decode_picture((CASES / name).read_bytes())
    assert (decoded.mode, decoded.size) == ("RGB", (240, 320))
    assert check_picture((CASES / name).read_bytes()) == (240, 320)
    assert np.abs(np.subtract(decoded.getpixel((120, 160)), CENTRES[name])).max() <= 3
    assert decoded.getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_accepted_picture_is_refused_with_what_is(name):
    with pytest.raises(InvalidInputError, match="JPEG, PNG, WebP, AVIF or HEIC"):
        decode_picture((CASES / name).read_bytes())


def test_a_wide_gamut_profile_is_converted_to_srgb():
    decoded = decode_picture((CASES / "prophoto-rgb.jpg").read_bytes())
    assert np.abs(np.subtract(decoded.getpixel((384, 512)), (190, 74, 77))).max() <= 2  # (132, 76, 63) as stored


def test_the_least_picture_is_taken_and_a_slender_one_gets_white_bars():
    assert decode_picture((CASES / "tiny16.png").read_bytes()).size == (16, 21)
    wide = (CASES / "wide.png").read_bytes()
    decoded = decode_picture(wide)
    assert check_picture(wide) == (2000, 16)
    assert decoded.size == (2000, 2000 // MOST_SLENDER)
    assert (decoded.getpixel((1000, 125)), decoded.getpixel((1000, 3))) == (BLUE, (255, 255, 255))


def drawn() -> Image.Image:
    """A shirt on white with soft and strong colours."""
    picture = Image.new("RGB", (240, 320), "white")
    draw = ImageDraw.Draw(picture)
    draw.polygon([(60, 60), (180, 60), (220, 120), (180, 140), (180, 270), (60, 270), (60, 140), (20, 120)], fill=(176, 64, 92))
    for top in range(90, 270, 30):
        draw.rectangle((60, top, 180, top + 10), fill=(236, 214, 150))
    draw.ellipse((95, 45, 145, 85), fill=(250, 250, 250))
    return picture


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    written = io.BytesIO()
    picture.save(written, form, **options)
    return written.getvalue()


def in_profile(picture: Image.Image) -> bytes:
    with Image.open(CASES / "prophoto-rgb.jpg") as carrier:
        embedded = carrier.info["icc_profile"]
    profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
    converted = ImageCms.profileToProfile(picture, ImageCms.createProfile("sRGB"), profile, outputMode="RGB")
    return saved(converted, "PNG", icc_profile=embedded)


def turned(picture: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=92, exif=exif)


def encodings() -> dict[str, bytes]:
    picture = drawn()
    deep = np.asarray(picture).astype(np.uint16) * 257
    alpha = np.full((*deep.shape[:2], 1), 65535, np.uint16)
    see_through = picture.convert("RGBA")
    see_through.putalpha(picture.convert("L").point(lambda level: 0 if level == 255 else 255))
    return {
        "jpeg": saved(picture, "JPEG", quality=85), "progressive": saved(picture, "JPEG", quality=85, progressive=True),
        "cmyk": saved(picture.convert("CMYK"), "JPEG", quality=90), "webp": saved(picture, "WEBP", quality=80),
        "lossless": saved(picture, "WEBP", lossless=True), "avif": saved(picture, "AVIF", quality=70, speed=8),
        "heic": heic(picture), "palette": saved(picture.quantize(128), "PNG"), "sixteen bits": sixteen_bit_png(deep, 2),
        "sixteen bits, alpha": sixteen_bit_png(np.concatenate([deep, alpha], axis=2), 6),
        "see-through": saved(see_through, "PNG"),
        "see-through avif": saved(see_through, "AVIF", quality=70, speed=8), "see-through heic": heic(see_through),
        "wide gamut": in_profile(picture), "turned": turned(picture),
    }  # fmt: skip


def test_the_same_picture_in_other_encodings_has_the_same_vector():
    encoder = load_encoder("lookmatch-mini")
    files = encodings()
    vectors = encoder.encode_images([decode_picture(data) for data in [saved(drawn(), "PNG"), *files.values()]])
    cosines = dict(zip(files, (vectors[1:] @ vectors[0]).tolist(), strict=True))
    assert min(cosines.values()) >= 0.99, cosines
    wrong = Image.open(io.BytesIO(files["wide gamut"])).convert("RGB")
    assert float(encoder.encode_images([wrong])[0] @ vectors[0]) < 0.99  # the profile matters to this encoder


def test_deep_samples_are_scaled_and_their_colour_key_is_seen():
    grey = np.linspace(0, 65535, 32 * 32).astype(np.uint16).reshape(32, 32, 1)
    assert np.abs(np.asarray(decode_picture(sixteen_bit_png(grey, 0)))[..., 0] - grey[..., 0] / 257).max() <= 0.5
    keyed = decode_picture(sixteen_bit_png(np.full((32, 32, 1), 5000, np.uint16), 0, (5000,)))
    assert keyed.getpixel((5, 5)) == (255, 255, 255)
    red = np.tile(np.array([40000, 300, 20000], np.uint16), (32, 32, 1))
    assert decode_picture(sixteen_bit_png(red, 2, (40000, 300, 20000))).getpixel((5, 5)) == (255, 255, 255)
    assert decode_picture(sixteen_bit_png(red, 2, (40000, 300, 30000))).getpixel((5, 5)) == (156, 1, 78)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([[0.0, 0.502, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0.0, 128.2, 255.0]], np.float32), [0, 128, 255]),
        (np.array([[-4.0, np.nan, np.inf]], np.float32), [0, 0, 255]),
        (np.array([[0, 32896, 65535]], np.int32), [0, 128, 255]),
        (np.array([[0, 128, 255]], np.int32), [0, 128, 255]),
    ],
)
def test_floating_and_whole_samples_of_other_ranges_are_scaled(samples, expected):
    picture = Image.fromarray(samples)
    assert picture.mode in ("F", "I")
    assert np.asarray(ColourConversion(picture).apply(picture))[0, :, 0].tolist() == expected


@pytest.mark.parametrize("profile", [b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()])
def test_a_profile_that_is_broken_or_of_another_kind_is_passed_over(profile):
    decoded = decode_picture(saved(Image.new("RGB", (32, 32), BLUE), "PNG", icc_profile=profile))
    assert decoded.getpixel((5, 5)) == BLUE


@pytest.mark.parametrize(("form", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")])
def test_a_large_picture_is_reduced_whole_and_in_place(form, mode):
    """Quarters of four colours keep their places and meet in the middle, wherever the parts were cut."""
    picture = Image.new("RGB", (4300, 2900), (255, 255, 255))
    quarters = {(0, 0): RED, (2150, 0): BLUE, (0, 1450): GREY, (2150, 1450): (20, 160, 60)}
    for place, colour in quarters.items():
        picture.paste(colour, (*place, place[0] + 2150, place[1] + 1450))
    decoded = decode_picture(saved(picture.convert(mode), form))
    assert decoded.size == (LONGEST_SIDE, 1381)
    for (left, top), colour in quarters.items():
        for across, down in ((0.02, 0.02), (0.48, 0.48), (0.25, 0.25)):
            at = (int((left / 4300 + across) * decoded.width), int((top / 2900 + down) * decoded.height))
            assert np.abs(np.subtract(decoded.getpixel(at), colour)).max() <= 25, (at, mode)  # a web palette is coarse


@pytest.mark.parametrize(("name", "size", "most_mb"), [("deep.png", 6320, 420), ("photo.jpg", 6320, 100)])
def test_pictures_of_forty_megapixels_at_once_stay_within_the_room_for_decoding(name, size, most_mb, tmp_path):
    path = tmp_path / name
    if name.endswith("png"):
        path.write_bytes(blank_sixteen_bit_png(size, size))
    else:
        Image.new("RGB", (size, size), BLUE).save(path, quality=50)
    run = subprocess.run(
        [sys.executable, "-m", decoding_peak.__name__, str(path), "4"], capture_output=True, text=True, check=True, timeout=200
    )
    rose, width, height = map(float, run.stdout.split())
    assert (width, height) == (LONGEST_SIDE, LONGEST_SIDE)
    assert rose < most_mb


def test_a_picture_waits_for_room_and_is_told_when_there_is_none():
    room = DecodingRoom(100)
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with room.hold(80):
            entered.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait(10)
    with room.hold(20, 0):
        pass
    with pytest.raises(PicturesWaitError), room.hold(30, 0.01):
        pass
    threading.Timer(0.05, leave.set).start()
    with room.hold(1000, 10):  # more than there is: all of it
        pass
    holder.join()


def test_a_heic_file_that_hides_its_size_is_refused():
    data = bytearray(heic(Image.new("RGB", (512, 512), BLUE)))
    at = data.find(b"ispe") + 8
    data[at : at + 8] = (64).to_bytes(4, "big") * 2
    assert check_picture(bytes(data)) == (64, 64)
    with pytest.raises(InvalidInputError):
        decode_picture(bytes(data))


def test_more_pixels_than_a_format_may_have_are_refused_before_decoding():
    big = saved(Image.new("L", (5000, 4100)), "WEBP", quality=1, method=0)
    with pytest.raises(InvalidInputError, match="20 in WebP"):
        check_picture(big)
