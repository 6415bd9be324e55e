import typer

from servery_up.command import up

if __name__ == "__main__":
    typer.run(up)
