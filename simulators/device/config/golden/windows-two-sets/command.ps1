Initialize-IoTEdge -Manual -DpsTpm -ScopeId 0ne00D95819 -RegistrationId edge-01
