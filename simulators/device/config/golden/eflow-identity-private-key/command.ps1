Provision-EflowVm -provisioningType DpsX509 -scopeId 0ne00D95819 `
  -identityCertPath C:\certs\edge-01.pem -identityPrivateKey C:\certs\edge-01.key.pem
