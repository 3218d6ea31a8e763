"""Globals that a configurator overrides by --name=value."""

learning_rate = 6e-4
max_iters = 200
batch_size = 12
dropout = 0.0
eval_interval = 50
exec(open("small_lm/configurator.py").read())
for it in range(0, max_iters, eval_interval):
    print(f"step {it}: train loss {1 / (it + 1):.4f}, val loss {learning_rate + 1 / (it + 1):.4f}")
