"""A card of `kappa card`, read by the hub's own library: its head is valid YAML, and its evaluations are ones it knows."""

import sys

from huggingface_hub import ModelCard

card = ModelCard.load(sys.argv[1])
assert card.data.license == "apache-2.0", card.data
assert card.data.library_name == "kappa"
assert "dino-vmf" in card.data.tags
[result] = card.data.eval_results
assert (result.task_type, result.metric_type, result.metric_value) == ("image-classification", "accuracy", 0.75), result
assert result.dataset_name == "the training images, held out"
again = ModelCard(str(card))
assert again.data.to_dict() == card.data.to_dict(), "the head does not survive being written again"
print(f"a card of {len(card.text.split())} words, with an evaluation")
