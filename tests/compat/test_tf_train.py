"""`tf.train.Checkpoint`: what is saved comes back, numbers and newest files, faults that say what is wrong."""

import numpy as np
import pytest

import tinynet as tf
from tinynet.core.errors import ModelFileError


def trained(seed, steps=3):
    """A model and its optimizer after a few steps of a loop of one's own."""
    tf.keras.utils.set_random_seed(seed)
    model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(4), tf.keras.layers.BatchNormalization()])
    optimizer = tf.keras.optimizers.Adam(0.01)
    go_on(model, optimizer, steps)
    return model, optimizer


def go_on(model, optimizer, steps):
    x = np.random.default_rng(0).normal(size=(8, 3)).astype("f4")
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - 1.0))
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables,
                                      strict=True))


def test_a_restored_training_goes_on_bit_for_bit(tmp_path):
    model, optimizer = trained(1)
    step = tf.Variable(7)
    path = tf.train.Checkpoint(model=model, optimizer=optimizer, step=step).save(str(tmp_path / "run"))
    go_on(model, optimizer, 2)

    other, its_optimizer = trained(2, steps=1)
    its_step = tf.Variable(0)
    checkpoint = tf.train.Checkpoint(model=other, optimizer=its_optimizer, step=its_step)
    checkpoint.restore(path).assert_consumed()
    assert its_step.numpy() == 7 and checkpoint.save_counter == 1 and checkpoint.model is other
    go_on(other, its_optimizer, 2)
    for a, b in zip(model.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_numbers_and_the_newest(tmp_path):
    folder = tmp_path / "new" / "folder"
    assert tf.train.latest_checkpoint(folder) is None and tf.train.get_checkpoint_state(str(folder)) is None
    variable = tf.Variable([1.0, 2.0])
    checkpoint = tf.train.Checkpoint(v=variable)
    checkpoint.restore(tf.train.latest_checkpoint(folder))  # the usual first line of a program: nothing yet
    paths = [checkpoint.save(file_prefix=str(folder / "ckpt-30")) for _ in range(2)]
    assert paths == [str(folder / f"ckpt-30-{i}") for i in (1, 2)]
    state = tf.train.get_checkpoint_state(folder)
    assert state.model_checkpoint_path == tf.train.latest_checkpoint(folder) == paths[1]
    assert state.all_model_checkpoint_paths == paths

    manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=2)
    last = [manager.save() for _ in range(2)] + [manager.save(checkpoint_number=40)]
    assert manager.checkpoints == last[1:] and manager.latest_checkpoint == str(folder / "ckpt-40")
    assert sorted(p.name for p in folder.iterdir()) == ["checkpoint.json", "ckpt-4.safetensors", "ckpt-40.safetensors"]
    variable.assign([0.0, 0.0])
    assert manager.restore_or_initialize() == manager.latest_checkpoint and variable.tolist() == [1, 2]


def test_faults_say_what_is_wrong(tmp_path):
    model, optimizer = trained(1)
    with pytest.raises(TypeError, match="Checkpoint: step must be a model, .* got int"):
        tf.train.Checkpoint(step=1)
    with pytest.raises(ValueError, match="has no weights yet"):
        tf.train.Checkpoint(tf.keras.Sequential([tf.keras.layers.Dense(2)])).save(str(tmp_path / "a"))
    with pytest.raises(FileNotFoundError, match="TensorFlow's own checkpoints are not read"):
        tf.train.Checkpoint(model).restore(str(tmp_path / "b-1"))
    path = tf.train.Checkpoint(model=model, optimizer=optimizer).save(str(tmp_path / "c"))
    with pytest.raises(ModelFileError, match="has nothing for 'net'; it has model, optimizer"):
        tf.train.Checkpoint(net=model).restore(path)
    narrow = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(5), tf.keras.layers.BatchNormalization()])
    with pytest.raises(ModelFileError, match=r"shape \(3, 4\) in the file, \(3, 5\)"):
        tf.train.Checkpoint(model=narrow).restore(path)
    fresh = tf.keras.optimizers.Adam()
    with pytest.warns(UserWarning, match="optimizer.build"):
        tf.train.Checkpoint(optimizer=fresh).restore(path)
    fresh.build(model.trainable_variables)
    tf.train.Checkpoint(optimizer=fresh).restore(path)
    assert fresh.iterations.numpy() == 3
    for text in ('{"checkpoints": ["../c-1"]}', '{"checkpoints": []}', "{}"):
        (tmp_path / "checkpoint.json").write_text(text)
        with pytest.raises(ModelFileError, match="must be a list of names"):
            tf.train.latest_checkpoint(tmp_path)
    for text in ('["c-1"]', '"c-1"', "3", "null"):
        (tmp_path / "checkpoint.json").write_text(text)
        with pytest.raises(ModelFileError, match="checkpoint.json: expected an object with the list 'checkpoints'"):
            tf.train.get_checkpoint_state(tmp_path)
    for wrong in ([str(tmp_path)], None, 3):
        with pytest.raises(TypeError, match="checkpoint_dir must be the path of one folder, got"):
            tf.train.get_checkpoint_state(wrong)


def test_arguments_of_tensorflow(tmp_path):
    variable, steps, called = tf.Variable(1.0), tf.Variable(0), []
    checkpoint = tf.train.Checkpoint(v=variable)
    manager = tf.train.CheckpointManager(checkpoint, tmp_path, 5, checkpoint_name="mine", step_counter=steps,
                                         checkpoint_interval=3, init_fn=lambda: called.append(1))
    assert manager.restore_or_initialize() is None and called == [1]
    saved = []
    for step in range(7):
        steps.assign(step)
        saved.append(manager.save() is not None)
    assert saved == [True, False, False, True, False, False, True]
    assert manager.save(check_interval=False).endswith("mine-4") and manager.restore_or_initialize() and called == [1]
    later = tf.train.CheckpointManager(checkpoint, tmp_path, 5, step_counter=steps, checkpoint_interval=3,
                                       last_checkpoint_step=5)
    assert later.save() is None
    (tmp_path / "other.json").write_bytes((tmp_path / "checkpoint.json").read_bytes())
    assert tf.train.latest_checkpoint(tmp_path, "other.json") == manager.latest_checkpoint
    assert tf.train.latest_checkpoint(tmp_path, latest_filename="none.json") is None
    for call in (lambda: checkpoint.save(tmp_path / "x", options="fast"), lambda: checkpoint.restore("x", "fast"),
                 lambda: manager.save(options="fast"), lambda: checkpoint.write(tmp_path / "x", "fast")):
        with pytest.raises(NotImplementedError, match="options='fast' is not part of tinynet"):
            call()
    with pytest.raises(NotImplementedError, match="keep_checkpoint_every_n_hours=2 is not part of tinynet"):
        tf.train.CheckpointManager(checkpoint, tmp_path, 5, 2)
    with pytest.raises(ValueError, match="max_to_keep must be above 0"):
        tf.train.CheckpointManager(checkpoint, tmp_path, 0)
    with pytest.raises(ValueError, match="checkpoint_interval needs a step_counter"):
        tf.train.CheckpointManager(checkpoint, tmp_path, 1, checkpoint_interval=2)
