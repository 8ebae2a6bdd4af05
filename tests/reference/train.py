"""nmflow's training written a second time, with PyTorch's automatic differentiation in double precision.

    python3 train.py exported.json > losses.json

`exported.json` holds a complete experiment document, the initial parameters by name and the batch of every step.
Everything else, from the schedules to AdamW, is computed here. Prints `[steps][lanes]` training losses.
"""

import json
import math
import sys

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

PATTERNED = {"ff1": "ff", "ff2": "ff", "q": "attention", "k": "attention", "v": "attention", "o": "attention"}


def rounded_share(steps, frac):
    return math.floor(steps * frac + 0.5)


class Lane:
    """What a recipe prescribes at each step."""

    STAGED = ("sdgf-stepwise", "sdgf-geometric", "densify", "mdgf-sdgf")
    FADING = ("mdgf-linear", "mdgf-exponential", "mdgf-sdgf")

    def __init__(self, lane, steps):
        self.lane, self.recipe, self.steps = lane, lane["recipe"], steps
        self.dense_end = steps if self.recipe == "dense" else rounded_share(steps, lane["dense_frac"])
        fine_tunes = self.recipe in self.STAGED + self.FADING + ("sparse-then-dense",)
        self.finetune = steps - (rounded_share(steps, lane["finetune_frac"]) if fine_tunes else 0)

    def target(self, site):
        """(N, M) of a matrix, or None where the lane keeps it dense."""
        pattern = self.lane[PATTERNED[site]]
        if self.recipe == "dense" or pattern is None:
            return None
        if PATTERNED[site] == "attention" and site not in self.lane["locations"]:
            return None
        return pattern["n"], pattern["m"]

    def stages(self, n, m):
        if self.recipe in ("sdgf-stepwise", "mdgf-sdgf"):
            kept = [m // 2**d for d in range(1, 32) if m // 2**d >= n]
            return [(m - 1, m)] * (kept[0] < m - 1) + [(k, m) for k in kept]
        if self.recipe == "sdgf-geometric":
            return [(n * 2**d, m * 2**d) for d in range(int(math.log2(self.lane["k"])), -1, -1)]
        if self.recipe == "densify":
            return [(n, m * 2**d) for d in (3, 2, 1, 0)]
        return [(n, m)]

    def pattern(self, site, step):
        """The stage that holds at `step` and whether it begins there: stages share the phase evenly."""
        stages = self.stages(*self.target(site))
        room = self.finetune - self.dense_end
        starts = [self.dense_end + math.ceil(i * room / len(stages)) for i in range(len(stages))]
        stage = max(i for i, start in enumerate(starts) if step >= start)
        return stages[stage], step in starts

    def decay(self, step):
        if self.recipe not in self.FADING or step >= self.finetune:
            return 0.0
        j, beta = step - self.dense_end, self.lane["beta"]
        gone = rounded_share(self.steps, 0.7) - self.dense_end
        if self.recipe == "mdgf-linear":
            return max(1 - (1 / gone if beta is None else beta) * j, 0.0)
        return math.exp(-(math.log(1000) / gone if beta is None else beta) * j)

    def pruned_gradient(self, decay):
        if self.recipe == "one-shot":
            return 0.0
        if self.recipe in self.STAGED + self.FADING:
            return {"ste": 1.0, "decayed": decay, "zero": 0.0}[self.lane["gradient"]]
        return 1.0

    def pull(self, step):
        if self.recipe in ("sr-ste", "sparse-then-dense"):
            return self.lane["lambda"]
        if self.recipe == "sr-ste-annealed":
            return self.lane["lambda"] * min((step - self.dense_end) / ((self.finetune - self.dense_end) / 2), 1.0)
        return 0.0

    def selects(self, step, begins):
        if self.recipe == "one-shot":
            return step == self.dense_end
        return self.recipe == "s-ste" or (step - self.dense_end) % self.lane["mask_every"] == 0 or begins


def groups(weight, m, axis):
    """`[groups, m]` of a weight `[in, out]`, along the inputs or along the outputs."""
    return (weight.T if axis == "in" else weight).reshape(-1, m)


def ungroup(grouped, weight, axis):
    return grouped.reshape(weight.T.shape).T if axis == "in" else grouped.reshape(weight.shape)


def magnitude_mask(weight, n, m, axis):
    grouped = groups(weight.abs(), m, axis)
    order = torch.sort(grouped, dim=1, descending=True, stable=True).indices
    return ungroup(torch.zeros_like(grouped).scatter(1, order[:, :n], 1.0), weight, axis)


def soft_threshold(weight, mask, m, axis):
    dropped = groups(weight.abs() * (1 - mask), m, axis).max(dim=1, keepdim=True).values
    threshold = ungroup(dropped.expand(-1, m), weight, axis)
    return mask * weight.sign() * (weight.abs() - threshold).clamp(min=0)


def site_of(name):
    parts = name.split(".")
    return parts[2] if len(parts) == 4 and parts[3] == "weight" and parts[2] in PATTERNED else None


def forward(p, images, model):
    """Class scores of images `[batch, height, width, channels]`."""
    batch, height, width, channels = images.shape
    side, heads, d = model["patch"], model["heads"], model["d_model"]
    patches = images.reshape(batch, height // side, side, width // side, side, channels)
    patches = patches.permute(0, 1, 3, 2, 4, 5).reshape(batch, -1, side * side * channels)
    x = patches @ p["embed.weight"] + p["embed.bias"]
    norm = lambda x, name: torch.nn.functional.layer_norm(x, (d,), p[name + ".scale"][0], p[name + ".shift"][0], 1e-5)
    split = lambda x: x.reshape(batch, -1, heads, d // heads).transpose(1, 2)
    for layer in range(model["layers"]):
        b = f"blocks.{layer}."
        linear = lambda x, name: x @ p[b + name + ".weight"] + p[b + name + ".bias"]
        y = norm(x, b + "norm1")
        q, k, v = (split(linear(y, name)) for name in "qkv")
        attended = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(d // heads), dim=-1) @ v
        x = x + linear(attended.transpose(1, 2).reshape(batch, -1, d), "o")
        hidden = torch.nn.functional.gelu(linear(norm(x, b + "norm2"), "ff1"), approximate="tanh")
        x = x + linear(hidden, "ff2")
    return norm(x, "norm").mean(dim=1) @ p["head.weight"] + p["head.bias"]


def learning_rate(step, peak, optimizer, steps):
    warmup = rounded_share(steps, optimizer["warmup_frac"])
    if step < warmup:
        return peak * (step + 1) / warmup
    last = peak * optimizer["final_lr_frac"]
    return last + (peak - last) * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


def masked_parameters(lane, params, masks, scales, step):
    """What the forward pass reads; refreshes `masks`. Also D and the pull of every masked tensor."""
    seen, rules = dict(params), {}
    ended_dense = lane.recipe == "sparse-then-dense" and step >= lane.finetune
    for name, weight in params.items():
        site = site_of(name)
        if site is None or lane.target(site) is None or step < lane.dense_end or ended_dense:
            continue
        (n, m), begins = lane.pattern(site, step)
        axis = lane.lane["group_axis"]
        if lane.selects(step, begins):
            masks[name] = magnitude_mask(weight, n, m, axis)
        mask, decay = masks[name], lane.decay(step)
        rules[name] = (mask, lane.pruned_gradient(decay), lane.pull(step))
        if lane.recipe == "s-ste":
            seen[name] = scales[site] * soft_threshold(weight, mask, m, axis)
        else:
            seen[name] = weight * (mask + decay * (1 - mask))
    return seen, rules


def soft_scales(lane, params):
    """One least-squares scale per kind of matrix, fitted to the initial weights of all blocks."""
    scales = {}
    for site in PATTERNED:
        if lane.recipe != "s-ste" or lane.target(site) is None:
            continue
        n, m = lane.target(site)
        axis, dots = lane.lane["group_axis"], [0.0, 0.0]
        for name, weight in params.items():
            if site_of(name) == site:
                soft = soft_threshold(weight, magnitude_mask(weight, n, m, axis), m, axis)
                dots[0] += (weight * soft).sum()
                dots[1] += (soft * soft).sum()
        scales[site] = dots[0] / dots[1]
    return scales


def train(lane, document, initial, batches):
    optimizer, steps = document["optimizer"], document["steps"]
    params = {name: value.clone() for name, value in initial.items()}
    first, second = ({name: torch.zeros_like(value) for name, value in params.items()} for _ in range(2))
    masks, scales, losses = {}, soft_scales(lane, params), []
    beta1, beta2 = optimizer["beta1"], optimizer["beta2"]
    for step, (images, labels) in enumerate(batches):
        seen, rules = masked_parameters(lane, params, masks, scales, step)
        leaves = {name: value.detach().requires_grad_() for name, value in seen.items()}
        loss = torch.nn.functional.cross_entropy(forward(leaves, images, document["model"]), labels)
        loss.backward()
        losses.append(loss.item())
        grads = {name: leaf.grad for name, leaf in leaves.items()}
        for name, (mask, pruned_gradient, pull) in rules.items():
            pruned = 1 - mask
            grads[name] = grads[name] * (mask + pruned_gradient * pruned) + pull * pruned * params[name]
        norm = math.sqrt(sum((g**2).sum().item() for g in grads.values()))
        clip = min(1.0, optimizer["clip_norm"] / norm)
        rate = learning_rate(step, lane.lane["learning_rate"], optimizer, steps)
        frozen = lane.recipe == "step" and step >= lane.dense_end
        updates_of_second = lane.dense_end if frozen else step + 1
        for name, g in grads.items():
            g = g * clip
            first[name] = beta1 * first[name] + (1 - beta1) * g
            if not frozen:
                second[name] = beta2 * second[name] + (1 - beta2) * g * g
            deviation = (second[name] / (1 - beta2**updates_of_second)).sqrt() + optimizer["epsilon"]
            move = first[name] / (1 - beta1 ** (step + 1)) / deviation
            params[name] = params[name] - rate * (move + optimizer["weight_decay"] * params[name])
    return losses


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        exported = json.load(file)
    document = exported["document"]
    # Columns that pad the classes never enter the softmax.
    classes = exported["classes"]
    initial = {t["name"]: torch.tensor(t["values"]).reshape(t["rows"], t["cols"]) for t in exported["tensors"]}
    initial = {name: value[:, :classes] if name.startswith("head.") else value for name, value in initial.items()}
    shape = exported["image"]
    batches = [(torch.tensor(b["images"]).reshape(-1, *shape), torch.tensor(b["labels"])) for b in exported["batches"]]
    lanes = [train(Lane(lane, document["steps"]), document, initial, batches) for lane in document["lanes"]]
    rows = [json.dumps([round(lane[step], 9) for lane in lanes]) for step in range(document["steps"])]
    print("[\n  " + ",\n  ".join(rows) + "\n]")


if __name__ == "__main__":
    main()
