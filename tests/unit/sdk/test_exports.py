import subprocess
import sys

import servery
import servery.client


def test_the_public_face_is_the_client_s():
    assert (
        servery.__all__ == servery.client.__all__ == sorted(servery.__all__, key=lambda name: (name[0].islower(), name))
    )
    for name in servery.__all__:
        assert getattr(servery, name) is getattr(servery.client, name)
        assert name in dir(servery)
    assert not hasattr(servery, "nothing")


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_errors_and_messages_do_not_import_the_client():
    code = "import sys, servery.errors; print('grpc' in sys.modules, 'servery.client' in sys.modules)"
    assert run(code) == "False False"
    assert run("import sys, servery.registry.v1; print('servery.client' in sys.modules)") == "False"


def test_the_client_needs_neither_numpy_nor_the_command_line():
    code = "import sys, servery; servery.connect; print({'numpy', 'typer', 'rich', 'servery_kit'} & {*sys.modules})"
    assert run(code) == "set()"


def test_the_client_imports_beside_tritonclient_in_either_order():
    run("import servery; servery.connect; import tritonclient.grpc")
    run("import tritonclient.grpc; import servery; servery.connect")
