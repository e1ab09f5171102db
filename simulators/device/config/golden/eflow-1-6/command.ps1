Provision-EflowVm -provisioningType DpsTPM -scopeId 0ne00D95819
