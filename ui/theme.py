"""Gradio's own parts in the page's colours, with fonts of the machine."""

import gradio as gr


def calm_theme() -> gr.themes.Base:
    """Everything is named by the tokens of style.css, so that light and dark are told in one place."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]
    theme = gr.themes.Base(font=fonts, font_mono=["ui-monospace", "DejaVu Sans Mono", "monospace"])
    tokens = {
        "body_background_fill": "var(--page)",
        "background_fill_primary": "var(--card)",
        "background_fill_secondary": "var(--sunk)",
        "block_background_fill": "var(--card)",
        "block_border_color": "var(--edge)",
        "border_color_primary": "var(--edge)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--soft)",
        "block_label_text_color": "var(--soft)",
        "block_title_text_color": "var(--ink)",
        "input_background_fill": "var(--card)",
        "input_border_color": "var(--soft)",
        "input_placeholder_color": "var(--soft)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_background_fill_hover": "var(--accent)",
        "button_primary_text_color": "var(--on-accent)",
        "button_secondary_background_fill": "var(--card)",
        "button_secondary_background_fill_hover": "var(--sunk)",
        "button_secondary_border_color": "var(--edge)",
        "button_secondary_text_color": "var(--ink)",
        "link_text_color": "var(--accent)",
    }
    both = {**tokens, **{f"{name}_dark": value for name, value in tokens.items()}}
    return theme.set(**both)
