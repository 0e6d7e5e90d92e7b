"""TensorFlow's names, and what Keras and TensorFlow have and tinynet does not; loaded when asked for."""
