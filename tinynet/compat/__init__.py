"""TensorFlow's names, and explanations of the names that tinynet does not have; loaded at the first use of one."""
