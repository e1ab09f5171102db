Set-EflowVmFeature -feature DpsTpm -enable
Provision-EflowVm -provisioningType "DpsTPM" -scopeId "0ne00D95819"
