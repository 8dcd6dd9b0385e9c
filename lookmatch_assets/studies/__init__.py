"""Comparisons of search systems: design, assignment to raters, statistics, ranking metrics and reports. No Dagster here."""
