"""What the name of an option tells of whether it is worth a search."""

import re


def any_of(*words: str) -> str:
    """Return a regular expression for any of the words, each a regular expression itself."""
    return "|".join(word for line in words for word in line.split())


LEFT_ALONE = re.compile(
    any_of(
        # Where it runs, and how fast.
        "device cuda gpus? cpu mps tpu no_cuda no_mps no_accel .*_force_cpu backend .*_backend",
        "port rank local_rank world_size dist.* node.* host url launcher ddp_.* fsdp_.*",
        "workers? threads nthread njobs n_jobs pin_mem.* prefetch.* cache.* dataloader_.*",
        "amp amp_.* fp16 bf16 half (mixed_)?precision (torch_)?dtype compile fused.* foreach.*",
        "offload.* .*_strategy",
        # What it reads, and what it leaves.
        "data dataset data_?sets? .*_data_?set file .*_file path paths .*_path root dir .*_dir",
        "(subset|(data_?(set)?|train(ing)?|sample)_(fraction|frac|subset|portion|ratio|size))(_.*)?",
        "limit_train_batches",
        "config resume load.* save.* checkpoint.* ckpt.* best_.* out.* output.* overwrite download",
        # How it is watched.
        "log logs?_?dir logg.* log_.* loggers? callbacks? print.* verbose verbosity quiet debug",
        "dry_run profile wandb.* tensorboard project entity experiment run.* tag.* comment notes?",
        "freq interval .*_freq .*_interval .*_every every eval.* test.* val.* .*_metrics sync_.*",
        # Which problem it solves, and what counts as solved.
        "num_classes input_size image_size img_size size .*_category task algo",
        "(.*_)?env(_id|_name)? objective loss name model_name tol (.*_)?eps (.*_)?epsilon",
        # How long it may take: that is the fidelity's, or the engine's.
        "timeout limit early_stop.* patience",
        "seed version help force hub_.* sampler pruner trainer extras",
    )
)
"""Names of options that change nothing about how well a model learns, or must stay the same."""
NEEDS_MORE = re.compile(r".*(with_min_lr|plateau|stable_decay|greedy).*")
"""Schedules that say nothing without further arguments."""
NEVER = re.compile(
    any_of(
        "neftune_.* seed",
        "(test|val|valid|eval|in|input|out|output|vocab|image|img|num_classes|max_seq)(_.*)?",
    )
)
"""Names that are never searched, not even where a rule or the script's own limits would fit."""
APART = re.compile(r"callbacks?|logg(er|ers|ing)|paths?|hydra|extras|debug")
"""Groups of a configuration that say how a training is watched, not how it learns."""
DATA = re.compile(r"(.*_)?data(_?set|_?module|_?source|_?config)?s?|dgp|simulation|synthetic")
"""Groups that say which problem is solved: other values of theirs would make it another one."""

_SWITCHES = any_of(
    "nesterov amsgrad batch_?norm use_bn layer_?norm pre_?norm bias augment(ations?)? mixup",
    "cutmix residual skip(_connections?)? cosine(_.*)? cos_lr anneal_lr shuffle ema flip",
    "tied?(_.*)? bidirectional balanced bootstrap shrinking",
)
TUNED_SWITCH = re.compile(rf"(.*_)?({_SWITCHES})|(use_|lr_)?warmup")
"""Switches that are worth a search."""
OTHER_CHOICE = re.compile(
    any_of(
        "(?!mixup_)(.*_)?mode (.*_)?(split|phase|stage|fold|subset|format)",
        "command subcommand cmd action job jobs?_type accelerator platform hardware strategy",
        "engine dataset.* data_.* domain lang(uage)? region target label suite benchmark problem",
        "level color style display progress.*",
    )
)
"""Options that name their values and choose what is done, where, or on what: not how it learns."""
_CHOICES = any_of(
    "opt optim optimi[sz]er sched scheduler? scheduling lr_decay",
    "fusion head attn attention aggregation aggr readout pooler pool pooling cell embedding",
    "weighting pos(itional)?_(emb|enc)(edding|oding)? features weights",
    "activation act nonlinearity norm normali[sz]ation init initiali[sz](er|ation)",
    "criterion kernel penalty solver booster boosting tree_method grow_policy splitter",
    "model arch architecture backbone algorithm metric distance augment(ation)?s?",
)
TUNED_CHOICE = re.compile(
    rf"(.*_)?({_CHOICES})(_(type|name|fn|function))?|aa|auto_augment|mixup_mode|rnn_type"
)
"""What is worth a search where an option names its values."""
