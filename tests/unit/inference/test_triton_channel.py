"""The channel to Triton."""

from servery._channel import channel_options
from servery_inference.backends._triton.repository import KEEPALIVE_S


def test_pings_are_as_far_apart_as_is_asked():
    assert dict(channel_options())["grpc.keepalive_time_ms"] == 30_000
    assert dict(channel_options(keepalive_s=330.0))["grpc.keepalive_time_ms"] == 330_000


def test_triton_is_pinged_no_more_often_than_it_tolerates():
    assert KEEPALIVE_S > 300
