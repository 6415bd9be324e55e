"""The registry: which models exist, their versions, and the files of those."""
