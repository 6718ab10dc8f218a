{{/* Everything that is wrong with the values and that a schema could only answer with a pattern. All faults at once,
     each: what is wrong · why · what to write. A list in a dict, since templates have no other way to collect. */}}
{{- define "gongkai.check" -}}
{{- $found := dict "faults" list -}}
{{- include "gongkai.checkCluster" (dict "root" . "found" $found) -}}
{{- include "gongkai.checkImage" (dict "root" . "found" $found) -}}
{{- include "gongkai.checkAddresses" (dict "root" . "found" $found) -}}
{{- include "gongkai.checkReferences" (dict "root" . "found" $found) -}}
{{- include "gongkai.checkChannels" (dict "root" . "found" $found) -}}
{{- with $found.faults -}}
{{- fail (printf "\n\n填写的值（values）有 %d 处不对：\n  - %s\n" (len .) (join "\n  - " .)) -}}
{{- end -}}
{{- end }}

{{- define "gongkai.fault" -}}
{{- $_ := set (index . 0) "faults" (append (index . 0).faults (index . 1)) -}}
{{- end }}

{{/* Kubernetes 1.30 brought the `sleep` action before a stop. Not `kubeVersion` in Chart.yaml: that would refuse a
     cluster built from source, which calls itself v0.0.0. */}}
{{- define "gongkai.checkCluster" -}}
{{- with .root.Capabilities.KubeVersion.Version -}}
{{- if and (not (hasPrefix "v0.0.0" .)) (semverCompare "<1.30.0-0" .) -}}
{{- include "gongkai.fault" (list $.found (printf "集群的 Kubernetes 是 %s：停机前的 sleep 动作要 1.30 或更高。请先升级集群；离线渲染时请加 --kube-version。" .)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "gongkai.checkImage" -}}
{{- $found := .found -}}
{{- with .root.Values.image -}}
{{- if not .repository -}}
{{- include "gongkai.fault" (list $found "image.repository 是空的：没有镜像就无法部署。请写镜像的仓库名，例如 registry.example.gov.cn/gongkai。") -}}
{{- else if regexMatch "@|:[^/]*$" .repository -}}
{{- include "gongkai.fault" (list $found (printf "image.repository “%s”带了标签或摘要：版本要单独写。请写到 image.tag 或 image.digest。" .repository)) -}}
{{- end -}}
{{- if eq .tag "latest" -}}
{{- include "gongkai.fault" (list $found "image.tag 是 latest：同一标签会换内容，回滚时不知道退到哪一版。请写明确的版本，例如 0.1.0。") -}}
{{- else if and .tag (not (regexMatch "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$" .tag)) -}}
{{- include "gongkai.fault" (list $found (printf "image.tag “%s”不是镜像标签：只能用字母、数字、点、横线和下划线。" .tag)) -}}
{{- end -}}
{{- if and .digest (not (regexMatch "^sha256:[0-9a-f]{64}$" .digest)) -}}
{{- include "gongkai.fault" (list $found (printf "image.digest “%s”不是摘要：应为 sha256: 加 64 位十六进制数。" .digest)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "gongkai.checkAddresses" -}}
{{- $found := .found -}}
{{- with .root.Values -}}
{{- if not .nats.url -}}
{{- include "gongkai.fault" (list $found "nats.url 是空的：服务之间靠 NATS 传递消息。请写 nats://主机:端口，多台用逗号分隔。") -}}
{{- else if contains "@" .nats.url -}}
{{- include "gongkai.fault" (list $found "nats.url 里有用户名或口令：values 不是放机密的地方。请去掉，凭据由各服务的 Secret 里的 nats.creds 给出。") -}}
{{- else if not (regexMatch "^(nats|tls)://[^,/ ]+:[0-9]+(,(nats|tls)://[^,/ ]+:[0-9]+)*$" .nats.url) -}}
{{- include "gongkai.fault" (list $found (printf "nats.url “%s”不是 NATS 的地址：应为 nats://主机:端口 或 tls://主机:端口，多台用逗号分隔。" .nats.url)) -}}
{{- end -}}
{{- if not .content.url -}}
{{- include "gongkai.fault" (list $found "content.url 是空的：正文和附件没有地方存。请写 s3://桶 或 s3://桶/前缀。") -}}
{{- else if hasPrefix "file:" .content.url -}}
{{- include "gongkai.fault" (list $found (printf "content.url “%s”是本机目录：容器的根目录只读，副本之间也看不到彼此的文件。请写 s3://桶/前缀。" .content.url)) -}}
{{- else if not (regexMatch "^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?$" .content.url) -}}
{{- include "gongkai.fault" (list $found (printf "content.url “%s”不是对象存储的地址：应为 s3://桶 或 s3://桶/前缀，桶名用小写字母、数字、点和横线。" .content.url)) -}}
{{- end -}}
{{- if and .content.endpoint (not (regexMatch "^https?://[^/ @]+/?$" .content.endpoint)) -}}
{{- include "gongkai.fault" (list $found (printf "content.endpoint “%s”不是地址：应为 https://主机 或 https://主机:端口，不带桶名。" .content.endpoint)) -}}
{{- end -}}
{{- if not .portal.publicUrl -}}
{{- include "gongkai.fault" (list $found "portal.publicUrl 是空的：通知、Atom 和接口里的链接要写全。请写公众访问的地址，例如 https://gongkai.example.gov.cn。") -}}
{{- else if not (regexMatch "^https?://[A-Za-z0-9.-]+(:[0-9]+)?$" .portal.publicUrl) -}}
{{- include "gongkai.fault" (list $found (printf "portal.publicUrl “%s”不是网站的地址：应为 https://主机，后面不带路径和斜线。" .portal.publicUrl)) -}}
{{- end -}}
{{- range .portal.trustedProxies -}}
{{- if not (regexMatch "^([0-9]{1,3}(\\.[0-9]{1,3}){3}/([0-9]|[12][0-9]|3[0-2])|[0-9a-fA-F:]*:[0-9a-fA-F:]*/[0-9]{1,3})$" .) -}}
{{- include "gongkai.fault" (list $found (printf "portal.trustedProxies 里的“%s”不是网段：应写作 10.0.0.0/8。写错会使限流认错来访者。" .)) -}}
{{- end -}}
{{- end -}}
{{- if and .portal.ingress.tlsSecret (hasPrefix "http://" .portal.publicUrl) -}}
{{- include "gongkai.fault" (list $found "portal.ingress.tlsSecret 有值而 portal.publicUrl 是 http：发出去的链接不会加密。请把 publicUrl 写成 https。") -}}
{{- end -}}
{{- if not (regexMatch "^[1-9][0-9]*(Ki|Mi|Gi)$" .temporarySize) -}}
{{- include "gongkai.fault" (list $found (printf "temporarySize “%s”不是大小：应写作 512Mi 或 1Gi。" .temporarySize)) -}}
{{- end -}}
{{- if and .serviceMonitor.enabled .networkPolicy.enabled (not .networkPolicy.metricsFrom) -}}
{{- include "gongkai.fault" (list $found "serviceMonitor 已启用，而 networkPolicy.metricsFrom 是空的：网络策略会挡住 Prometheus。请写明它的 podSelector 或 namespaceSelector。") -}}
{{- end -}}
{{- if not (regexMatch "^[1-9][0-9]*(s|m)$" .serviceMonitor.interval) -}}
{{- include "gongkai.fault" (list $found (printf "serviceMonitor.interval “%s”不是时长：应写作 30s 或 1m。" .serviceMonitor.interval)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Names of Secrets and ConfigMaps, and quantities of resources. */}}
{{- define "gongkai.checkReferences" -}}
{{- $found := .found -}}
{{- $names := dict "opensearch.secret" .root.Values.opensearch.secret "publicKeys.configMap" .root.Values.publicKeys.configMap -}}
{{- if .root.Values.nats.provisioning.enabled -}}
{{- $_ := set $names "nats.provisioning.secret" .root.Values.nats.provisioning.secret -}}
{{- end -}}
{{- with .root.Values.content.secret -}}{{- $_ := set $names "content.secret" . -}}{{- end -}}
{{- with .root.Values.portal.ingress.tlsSecret -}}{{- $_ := set $names "portal.ingress.tlsSecret" . -}}{{- end -}}
{{- range $name, $service := .root.Values.services -}}
{{- $_ := set $names (printf "services.%s.secret" $name) $service.secret -}}
{{- with $service.database -}}{{- $_ := set $names (printf "services.%s.database.secret" $name) .secret -}}{{- end -}}
{{- range $kind, $quantities := $service.resources -}}
{{- range $what, $quantity := $quantities -}}
{{- if and (ne $what "cpu") (not (regexMatch "^[1-9][0-9]*(Ki|Mi|Gi)$" (toString $quantity))) -}}
{{- include "gongkai.fault" (list $found (printf "services.%s.resources.%s.%s “%v”不是大小：应写作 512Mi 或 1Gi。" $name $kind $what $quantity)) -}}
{{- else if and (eq $what "cpu") (not (regexMatch "^([1-9][0-9]*m|[0-9]+(\\.[0-9]+)?)$" (toString $quantity))) -}}
{{- include "gongkai.fault" (list $found (printf "services.%s.resources.%s.cpu “%v”不是处理器的份额：应写作 250m 或 1。" $name $kind $quantity)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $path, $name := $names -}}
{{- if not (regexMatch "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$" (default "" $name)) -}}
{{- include "gongkai.fault" (list $found (printf "%s “%s”不是对象的名称：要写命名空间里已有的 Secret 或 ConfigMap 的名称，不是机密本身。" $path (trunc 12 (default "" $name)))) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "gongkai.checkChannels" -}}
{{- $found := .found -}}
{{- with .root.Values.notify -}}
{{- if and .email.enabled (not (regexMatch "^[^@ ]+@[^@ ]+\\.[^@ ]+$" .email.from)) -}}
{{- include "gongkai.fault" (list $found (printf "notify.email 已启用，而 from “%s”不是邮箱地址：邮件没有发件人会被退回。请写发件邮箱。" .email.from)) -}}
{{- end -}}
{{- if and .sms.enabled (not .sms.sign) -}}
{{- include "gongkai.fault" (list $found "notify.sms 已启用，而 sign 是空的：没有审核通过的签名，短信发不出去。请写签名名称，或设 notify.sms.enabled=false。") -}}
{{- end -}}
{{- if and .wechat.enabled (not (regexMatch "^wx[0-9a-f]{16}$" .wechat.appId)) -}}
{{- include "gongkai.fault" (list $found (printf "notify.wechat 已启用，而 appId “%s”不是公众号的 AppID：应为 wx 加 16 位十六进制数。" .wechat.appId)) -}}
{{- end -}}
{{- range $channel, $endpoint := dict "sms" .sms.endpoint "wechat" .wechat.endpoint -}}
{{- if not (regexMatch "^https://[^/ @]+/?$" $endpoint) -}}
{{- include "gongkai.fault" (list $found (printf "notify.%s.endpoint “%s”不能用：密钥和通知只能经 https 发出。请写 https://主机。" $channel $endpoint)) -}}
{{- end -}}
{{- end -}}
{{- range $channel, $values := dict "email" .email "sms" .sms "wechat" .wechat -}}
{{- if and $values.enabled (not (regexMatch "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$" $values.secret)) -}}
{{- include "gongkai.fault" (list $found (printf "notify.%s.secret “%s”不是对象的名称：要写命名空间里已有的 Secret 的名称，不是机密本身。" $channel (trunc 12 $values.secret))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
