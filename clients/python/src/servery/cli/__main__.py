"""`python -m servery.cli`: the same as the command `servery`."""

from servery.cli import main

main()
