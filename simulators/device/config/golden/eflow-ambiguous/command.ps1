Provision-EflowVm -provisioningType DpsX509 -scopeId 0ne00D95819 -identity C:\certs\edge-01.pem
