"""Settings in a dictionary, as notebooks turned into scripts have them."""

config = dict(
    learning_rate=3e-4, batch_size=32, max_epochs=12, hidden=256, name="first", debug=False
)

for epoch in range(config["max_epochs"]):
    print(f"epoch {epoch} | train loss 0.5 | val loss {config['learning_rate'] / (epoch + 1):.6f}")
