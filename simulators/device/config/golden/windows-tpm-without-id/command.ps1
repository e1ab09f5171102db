Initialize-IoTEdge -DpsTpm -ScopeId 0ne00D95819
