"""The scenario that tests of the model tell it of."""

from agentd.llm.prompt import Brief

BRIEF = Brief("Julie", "Banque Exemple", "une simulation", "", ("La simulation est gratuite.",))
