"""python -m agentd_tools"""

from agentd_tools.cli import main

main()
