Provision-EflowVm -prov DpsX509 -scope 0ne00D95819 -identityCert "C:\certs\edge-01.pem" -identityPrivKey "C:\certs\edge-01.key.pem"
