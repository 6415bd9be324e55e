from servery_inference.config import Config
from servery_inference.main import main
from servery_kit.process import run

run(main, Config)
