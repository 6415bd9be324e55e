"""The launcher: starts, watches and stops all services on one machine. `servery up`, or `python -m servery_up`."""
