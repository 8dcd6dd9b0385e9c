"""`python -m benchmarks encoders DATA`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("encoders")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--photos", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of photos taken at home.")
@click.option("--encoder", "key", default="lookmatch-mini", show_default=True, help="Key of the encoder to measure.")
@click.option(
    "--split", type=click.Choice(["test", "validation"]), default="test", show_default=True, help="Products to measure on."
)
def bench_encoders(data: Path, photos: Path | None, key: str, split: str) -> None:
    """Measure an encoder on the held-out products of DATA (styles.csv + images) and print a Markdown table.

    Photos default to the folder `clothes-at-home` beside DATA, where there is one.
    """
    from benchmarks import encoder_tables as benchmark
    from lookmatch_assets.training.encoder.drawings import draw_pictures
    from lookmatch_assets.training.encoder.sources import read_photos, read_products
    from lookmatch_serving.encoders import load_encoder
    from lookmatch_serving.encoders.registry import MINI_FOLDER

    encoder, table = load_encoder(key), benchmark.Table()
    products = read_products(data)
    vectors = benchmark.measure_products(encoder, products, split, table)
    benchmark.measure_neighbours(vectors, products, split, table)
    beside = photos or (data.parent / "clothes-at-home")
    if beside.is_dir():
        benchmark.measure_photos(encoder, read_photos(beside), split, table)
    benchmark.measure_attributes(encoder, vectors, products, products.rows(split), "catalogue photos", table)
    drawn = draw_pictures(150, 60, first_seed=900_000_000)
    rows = drawn.rows("train")
    drawn_vectors = encoder.encode_images(benchmark.images_of(drawn, rows))
    benchmark.measure_attributes(encoder, drawn_vectors, drawn, rows, "drawn pictures of unseen seeds", table)
    benchmark.measure_speed(encoder, products, table, MINI_FOLDER if key == "lookmatch-mini" else None)
    benchmark.measure_stability(encoder, products, table)
    click.echo(f"encoder {encoder.key}, version {encoder.version}, split {split}\n\n{table.text()}")
