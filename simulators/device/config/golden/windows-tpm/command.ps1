. {Invoke-WebRequest -useb aka.ms/iotedge-win} | Invoke-Expression; Initialize-IoTEdge -Dps -ScopeId 0ne00D95819 -RegistrationId edge-01
