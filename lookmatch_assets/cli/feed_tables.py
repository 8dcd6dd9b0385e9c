"""How the feed commands show issues and products in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lookmatch_assets.feeds.doctor import Issue
from lookmatch_assets.feeds.trial import ShownProduct, Trial

SHOWN_OF_A_KIND = 5


def show_trial(trial: Trial) -> None:
    """Format and counts, issues first, then products."""
    console, report = Console(), trial.report
    counts = f"{report.records} records, {report.accepted} accepted, {report.refused} refused"
    console.print(f"{escape(trial.source)}: {trial.format}; {counts}", highlight=False, soft_wrap=True)
    show_issues(console, report.issues)
    table = Table("product", "price", "availability", "sizes", "picture and page", title="As shoppers would see them")
    for product in trial.products:
        table.add_row(*map(escape, _row(product)))
    console.print(table if trial.products else "No product would be shown.")


def _row(product: ShownProduct) -> tuple[str, ...]:
    name = " ".join(part for part in (product.brand, product.title) if part)
    price = f"{product.price or '-'}" + (f" (was {product.price_before})" if product.price_before else "")
    told = f"{product.id}: {name}" + (f", {product.colour}" if product.colour else "")
    return told, price, product.availability, ", ".join(product.sizes), f"{product.image_url}\n{product.product_url or 'no page'}"


def show_issues(console: Console, issues: list[Issue]) -> None:
    """Issues of one kind together, errors first, with a few values and the way to mend them."""
    for group in grouped_issues(issues):
        first = group[0]
        console.print(
            f"\n[bold]{first.severity}[/bold] {first.code}, {first.attribute or 'record'}: {len(group)}", highlight=False
        )
        for issue in group[:SHOWN_OF_A_KIND]:
            value = escape(issue.value[:80])
            console.print(f"  {issue.product or 'no id'}: {value or '(empty)'}", highlight=False, soft_wrap=True)
        if len(group) > SHOWN_OF_A_KIND:
            console.print(f"  … and {len(group) - SHOWN_OF_A_KIND} more; --json lists all", highlight=False)
        console.print(
            f"  {escape(first.message)}\n  [italic]{escape(first.resolution)}[/italic]", highlight=False, soft_wrap=True
        )


def grouped_issues(issues: list[Issue]) -> list[list[Issue]]:
    """Issues of one kind (severity, code, attribute) together: errors first, then the more frequent kinds."""
    kinds: dict[tuple[str, str, str | None], list[Issue]] = {}
    for issue in issues:
        kinds.setdefault((issue.severity, issue.code, issue.attribute), []).append(issue)
    return sorted(kinds.values(), key=lambda group: (group[0].severity != "error", -len(group)))
