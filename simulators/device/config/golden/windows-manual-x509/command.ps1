Initialize-IoTEdge -ManualX509 -IotHubHostName contoso.azure-devices.net -DeviceId edge-01 -X509IdentityCertificate C:\certs\edge-01.pem -X509IdentityPrivateKey C:\certs\edge-01.key.pem
