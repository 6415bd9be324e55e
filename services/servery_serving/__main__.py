"""`python -m servery_serving`."""

from servery_kit.process import run
from servery_serving.config import Config
from servery_serving.main import main

if __name__ == "__main__":
    run(main, Config)
