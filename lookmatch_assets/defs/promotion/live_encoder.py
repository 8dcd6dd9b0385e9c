"""Making an encoder live: the gate's conditions as checks, and the move of the pointer when all of them hold."""

from collections.abc import Iterator

import dagster as dg

from lookmatch_assets.defs.metadata import markdown_table
from lookmatch_assets.defs.resources import EncoderResource, Stores
from lookmatch_assets.promotion.conditions import CONDITIONS, DEFAULT_MARGIN


class PromotionConfig(dg.Config):
    """What is promoted, and on what grounds.

    Attributes:
        encoder: key of the candidate.
        study: id of the study that compared it with the live encoder.
        margin: opinion score that no market may lose.
        simulated_counts: let simulated raters count; only for trying the gate.
    """

    encoder: str
    study: str
    margin: float = DEFAULT_MARGIN
    simulated_counts: bool = False


@dg.asset(
    group_name="vectors",
    kinds={"postgres"},
    code_version="1",
    check_specs=[dg.AssetCheckSpec(name, asset="live_encoder", description=text) for name, text in CONDITIONS.items()],
)
def live_encoder(
    context: dg.AssetExecutionContext, config: PromotionConfig, stores: Stores, encoder: EncoderResource
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """The encoder that search uses in every market: moved to the candidate if the gate lets it through, else left as it is.

    ``lookmatch encoders rollback`` moves it back; ``confirm`` gives up the vectors of the encoder before.
    """
    from lookmatch_assets.promotion.gate import examine
    from lookmatch_assets.promotion.pointer import promote
    from lookmatch_assets.studies.results import evaluate

    with stores.database() as connection:
        result = evaluate(connection, config.study)
        gate = examine(
            connection,
            config.encoder,
            result,
            encoder.load,
            margin=config.margin,
            simulated_counts=config.simulated_counts,
        )
        for one in gate.conditions:
            yield dg.AssetCheckResult(check_name=one.name, passed=one.passed, metadata={"figures": one.figures})
        for name in CONDITIONS.keys() - {one.name for one in gate.conditions}:
            yield dg.AssetCheckResult(check_name=name, passed=False, metadata={"figures": "not asked: the encoder is absent"})
        if not gate.open:
            raise dg.Failure(f"{config.encoder} does not go live: {gate.refusals}", allow_retries=False)
        products = promote(connection, gate)
    context.log.info("%s is live in %s", config.encoder, ", ".join(products))
    yield dg.MaterializeResult(
        metadata={
            "encoder": config.encoder,
            "study": config.study,
            "before": ", ".join(sorted({pointer.encoder_key for pointer, _ in gate.moves})),
            "products": dg.MetadataValue.json(products),
            "gate": dg.MetadataValue.md(markdown_table(gate.rows())),
            "back": "lookmatch encoders rollback",
        }
    )
