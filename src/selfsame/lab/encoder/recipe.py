"""How the shipped encoder was trained."""

from selfsame.training.settings import TrainSettings

TRAINING = TrainSettings(
    steps=6000,
    batch=24,
    lr=1e-3,
    warmup_steps=300,
    betas=(0.9, 0.98),
    ema_decay=0.999,
    log_every=100,
    validate_every=500,
    checkpoint_every=500,
)
