"""``python -m lookmatch_assets`` is the ``lookmatch`` command."""

from lookmatch_assets.cli.main import main

main()
