"""`python -m servery_up` as it is typed."""

import os
import subprocess
import sys


def up(*arguments, **env):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("SERVERY_")}
    return subprocess.run(
        [sys.executable, "-m", "servery_up", *arguments],
        env=clean | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_teaches():
    done = up("--help", COLUMNS="100", NO_COLOR="1")
    assert done.returncode == 0
    for words in ("--home", "--demo", "--log-level", "SERVERY_REGISTRY_BIND", "servery up --demo", "Exit codes"):
        assert words in done.stdout


def test_a_misspelt_setting_is_an_error_of_one_line_and_code_2(tmp_path):
    done = up("--home", str(tmp_path), SERVERY_REGISTRY_BNID="127.0.0.1:0")
    assert done.returncode == 2
    assert done.stderr == "error: SERVERY_REGISTRY_BNID is not a setting; did you mean SERVERY_REGISTRY_BIND?\n"


def test_a_port_that_is_taken_leaves_nothing_running(tmp_path, free):
    (address,) = free(1)
    done = up(
        *("--home", str(tmp_path)),
        SERVERY_REGISTRY_BIND=address,
        SERVERY_SERVING_BIND=address,
        SERVERY_INFERENCE_BIND="127.0.0.1:0",
    )
    assert done.returncode == 2
    assert "SERVERY_SERVING_BIND and SERVERY_REGISTRY_BIND both say port" in done.stderr
    assert not (tmp_path / "run" / "up.json").exists()
