"""The screens: what a person sees. The only place that imports textual, rich and plotext."""
