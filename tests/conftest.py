"""What every test may use."""

pytest_plugins = ["tests.sound_card"]
