"""A model's recipe in words."""

from stages.params import Model

UPDATE_RULES_IN_WORDS = {
    "hessian": "learning rates from the Hessian",
    "gradient_variance": "learning rates from the gradient's variance",
}
COSTS_IN_WORDS = {"quadratic": "quadratic cost"}


def in_words(recipe: Model) -> str:
    """A model's units and initialization, and everything else that its recipe sets."""
    parts = [f"{recipe.activation} units", f"{recipe.initialization} initialization"]
    if recipe.gain is not None:
        parts[1] += f" with gain {recipe.gain:g}"
    if recipe.connections is not None:
        parts[1] += f" with {recipe.connections} connections"
    if recipe.batch_normalization:
        parts.append("batch normalization")
    if recipe.pretraining:
        parts.append("pre-trained")
    if recipe.update_rule in UPDATE_RULES_IN_WORDS:
        parts.append(UPDATE_RULES_IN_WORDS[recipe.update_rule])
    if recipe.cost in COSTS_IN_WORDS:
        parts.append(COSTS_IN_WORDS[recipe.cost])
    if recipe.hidden_units:
        parts.append(f"{recipe.hidden_units:,} units a layer")
    if recipe.width_profile:
        parts.append(f"widths × {', '.join(f'{share:g}' for share in recipe.width_profile)}")
    return ", ".join(parts)
