"""Record linkage: which records are the same customer, and what their golden record says.

The packages in the order of the flow: `rules` say what is compared; `features` codes values;
`blocking` names pairs; `comparing` finds their levels; `model` weighs them; `deciding` joins, asks
or passes over, and makes clusters; `memory` keeps a run for the next; `engines` are whole linkages;
`golden` gives ids and values; `evaluation` judges; `bare` links tables without a project.
"""
