"""`tf.summary`: what a loop writes is in the file; outside of a writer nothing is."""

import numpy as np
import pytest

import tinynet as tf


def test_what_is_written(tmp_path):
    pytest.importorskip("tensorboardX")
    from tensorboardX.event_file_writer import EventFileWriter  # noqa: F401, the format below is its own

    assert tf.summary.scalar("loss", 1.0, step=0) is False
    writer = tf.summary.create_file_writer(str(tmp_path / "logs"))
    with writer.as_default():
        assert tf.summary.scalar("the_loss", tf.constant(0.25), step=tf.constant(3))
        assert tf.summary.histogram("the_weights", tf.Variable(np.arange(6.0)), step=3)
        assert tf.summary.image("the_picture", np.zeros((2, 4, 4, 1), "f4"), step=3)
        assert tf.summary.text("the_note", ["good", "morning"], step=3)
        with pytest.raises(ValueError, match="'the_loss' needs a step"):
            tf.summary.scalar("the_loss", 1.0)
    with writer.as_default(step=4):
        assert tf.summary.scalar("the_loss", 0.5)
    writer.close()
    assert tf.summary.scalar("loss", 1.0, step=0) is False
    written = b"".join(file.read_bytes() for file in (tmp_path / "logs").iterdir())
    for name in (b"the_loss", b"the_weights", b"the_picture/1", b"the_note", np.float32(0.25).tobytes()):
        assert name in written
    writer = tf.summary.create_file_writer(tmp_path / "more")
    writer.set_as_default(step=0)
    try:
        assert tf.summary.scalar("the_loss", 2.0)
    finally:
        tf.summary._open.clear()
