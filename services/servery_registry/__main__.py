from servery_kit.process import run
from servery_registry.config import Config
from servery_registry.main import main

run(main, Config)
