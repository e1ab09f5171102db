Provision-EflowVm -provisioningType DpsTpmm -scopeId 0ne00D95819
