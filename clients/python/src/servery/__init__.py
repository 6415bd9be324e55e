"""Servery: an open model registry and model server."""
