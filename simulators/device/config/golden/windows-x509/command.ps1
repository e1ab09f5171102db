Initialize-IoTEdge -DpsX509 -ScopeId 0ne00D95819 -X509IdentityCertificate C:\certs\edge-01.pem -X509IdentityPrivateKey C:\certs\edge-01.key.pem -ContainerOs Windows
