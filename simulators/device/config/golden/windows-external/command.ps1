Initialize-IoTEdge -External -ExternalProvisioningEndpoint http://localhost:9999
