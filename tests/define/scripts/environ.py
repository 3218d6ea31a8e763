"""Options by environment variables."""

import os

LR = float(os.environ.get("LR", "0.02"))
EPOCHS = int(os.getenv("EPOCHS", "8"))
HIDDEN = int(os.environ.get("HIDDEN", 64))

for epoch in range(EPOCHS):
    print(f"epoch={epoch} val_acc={1 - LR / (epoch + 1):.4f} hidden={HIDDEN}")
