Provision-EflowVm -provisioningType ManualX509 -iotHubHostname contoso.azure-devices.net -deviceId edge-01 -identityCertPath C:\certs\edge-01.pem -identityPrivKeyPath C:\certs\edge-01.key.pem
