"""No options at all: constants at the top."""

LEARNING_RATE = 0.05
BATCH_SIZE = 32
EPOCHS = 8
NAME = "plain"

for epoch in range(EPOCHS):
    print(f"epoch {epoch}: loss {LEARNING_RATE / (epoch + 1):.5f}")
