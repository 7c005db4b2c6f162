# title it's `touch pwned` $(touch pwned) ${x} %{y}\n; touch pwned # \x1b[2J\u202e \ "
# Nothing was applied yet.

# narrower\ntouch pwned
resource "aws_vpc_security_group_ingress_rule" "sg_1_ingress_tcp_443" {
  security_group_id            = "sg-1"
  description                  = "it's `touch pwned` $(touch pwned) $${x} %%{y}\n; touch pwned # \u001b[2J\u202e \\ \""
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  cidr_ipv4                    = "192.0.2.0/24"
}
# Delete sgr-1: ingress tcp 443 from 0.0.0.0/0 of sg-1, read from model.json. Undo: put this back, delete the above.
# resource "aws_vpc_security_group_ingress_rule" "sg_1_ingress_tcp_443_2" {
#   security_group_id            = "sg-1"
#   description                  = "it's `touch pwned` $(touch pwned) $${x} %%{y}\n; touch pwned # \u001b[2J\u202e \\ \""
#   ip_protocol                  = "tcp"
#   from_port                    = 443
#   to_port                      = 443
#   cidr_ipv4                    = "0.0.0.0/0"
# }

# narrower\ntouch pwned
resource "aws_vpc_security_group_ingress_rule" "sg_1_ingress_tcp_443_3" {
  security_group_id            = "sg-1"
  description                  = "it's `touch pwned` $(touch pwned) $${x} %%{y}\n; touch pwned # \u001b[2J\u202e \\ \""
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  cidr_ipv4                    = "192.0.2.0/24"
}
# Delete sgr-1: ingress tcp 443 from 0.0.0.0/0 of sg-1, read from model.json. Undo: put this back, delete the above.
# resource "aws_vpc_security_group_ingress_rule" "sg_1_ingress_tcp_443_4" {
#   security_group_id            = "sg-1"
#   description                  = "it's `touch pwned` $(touch pwned) $${x} %%{y}\n; touch pwned # \u001b[2J\u202e \\ \""
#   ip_protocol                  = "tcp"
#   from_port                    = 443
#   to_port                      = 443
#   cidr_ipv4                    = "0.0.0.0/0"
# }

# ids that look like options
# Delete --x: ingress all from 0.0.0.0/0 of -y; touch pwned, read from model.json. Undo: put this back.
# resource "aws_vpc_security_group_ingress_rule" "_y__touch_pwned_ingress_all" {
#   security_group_id            = "-y; touch pwned"
#   ip_protocol                  = "-1"
#   cidr_ipv4                    = "0.0.0.0/0"
# }
