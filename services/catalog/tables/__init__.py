"""The official table (公开事项目录) as a workbook: written as the departments print it, read by a mapping people can edit."""
