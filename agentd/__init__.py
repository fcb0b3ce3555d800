"""agentd: an autonomous French-speaking outbound-call agent living beside FreeSWITCH."""
