# %% [markdown]
# # A decision tree, with its picture
#
# 150 flowers of three kinds of iris, four measures each. A small tree asks a few questions that you can check by eye.
#
# You learn to draw the tree, to choose its size by cross-validation, and to see where a larger one learns by heart.

# %%
import os

from sklearn.datasets import load_iris

import mainstay

BUDGET = os.environ.get("MAINSTAY_EXAMPLE_BUDGET", "30s")

bundled = load_iris(as_frame=True)
table = bundled.data.assign(species=bundled.target.map(dict(enumerate(bundled.target_names))))

# %% [markdown]
# `grid` lists the sizes to try. Each is scored on validation folds; the held-out rows are opened once, at the end.
# `diagnose` draws training against validation score as the model grows.

# %%
run = mainstay.train(
    table,
    target="species",
    models=["decision_tree"],
    tune="grid",
    grid={"decision_tree": {"max_leaf_nodes": [2, 3, 4, 8, 16], "min_samples_leaf": [3]}},
    blend="off",
    metric="accuracy",
    diagnose=True,
    time_budget=BUDGET,
    out=["out/tree.mainstay", "out/tree.html"],
)
run

# %%
scores = run.to_dict()["metrics"]
accuracy = scores["accuracy"]
print(f"accuracy {accuracy['value']:.2f} ({accuracy['low']:.2f} to {accuracy['high']:.2f}) on 30 flowers")

# %% [markdown]
# Start at the top; go left or right with each answer. A leaf says which kind it gives and how many of the training rows
# came to it.

# %%
picture = run.model.picture("inside")
picture.save("out/tree.svg")
picture

# %% [markdown]
# ## What can go wrong
#
# - **Learning by heart.** A tree without a limit asks until each leaf is pure, and its questions then fit the noise.
#   Where the validation line falls behind the training line, the tree is too large; these flowers are easy, and it
#   hardly does.
# - **Steps.** A tree says the same for all rows of a leaf, and jumps at its border; it cannot go beyond what it saw.
# - **Other rows, other tree.** A few rows more or less can change the first question. The answer hardly changes, the
#   picture does: do not read it as the one true story.

# %%
run.model.picture("complexity")
