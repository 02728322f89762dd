"""What a level weighs: m and u, learnt, frozen, and summed per pair."""
